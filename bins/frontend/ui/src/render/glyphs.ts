/**
 * Texture of letters, rendered by the browser on first use, so that text on the map is as sharp as
 * the rest of the page. Red is the letter, green its dark outline.
 */
export const FONT = `"Avenir Next", "Segoe UI Variable", "Segoe UI", Inter, "Noto Sans", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif`;

export interface TextStyle {
  size: number;
  weight: number;
  /** Extra space between letters, CSS pixels. */
  spacing: number;
}

export interface Glyph {
  /** Position on the texture in texels, and size in CSS pixels. */
  u: number;
  v: number;
  width: number;
  height: number;
  advance: number;
}

export const ATLAS_SIZE = 1024;
const PADDING_PX = 3;

export class GlyphAtlas {
  readonly texture: WebGLTexture;
  private readonly context: CanvasRenderingContext2D;
  private readonly glyphs = new Map<string, Glyph>();
  private penX = 0;
  private penY = 0;
  private rowHeight = 0;
  private stale = true;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    readonly ratio: number,
  ) {
    const canvas = document.createElement("canvas");
    canvas.width = ATLAS_SIZE;
    canvas.height = ATLAS_SIZE;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("This browser has no 2D canvas for text.");
    this.context = context;
    this.context.globalCompositeOperation = "lighter";
    this.texture = gl.createTexture();
  }

  glyph(style: TextStyle, character: string): Glyph {
    const key = `${style.weight} ${style.size} ${character}`;
    const known = this.glyphs.get(key);
    if (known !== undefined) return known;
    const made = this.draw(style, character);
    this.glyphs.set(key, made);
    return made;
  }

  width(style: TextStyle, text: string): number {
    let width = 0;
    for (const character of text) width += this.glyph(style, character).advance + style.spacing;
    return width - style.spacing;
  }

  /** Uploads letters rendered since the last call. */
  upload(): void {
    if (!this.stale) return;
    this.stale = false;
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, this.context.canvas);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }

  private draw(style: TextStyle, character: string): Glyph {
    const { context, ratio } = this;
    context.font = `${style.weight} ${style.size * ratio}px ${FONT}`;
    context.textBaseline = "alphabetic";
    const advance = context.measureText(character).width / ratio;
    const width = Math.ceil((advance + 2 * PADDING_PX) * ratio);
    const height = Math.ceil((style.size * 1.35 + 2 * PADDING_PX) * ratio);
    if (this.penX + width > ATLAS_SIZE) {
      this.penX = 0;
      this.penY += this.rowHeight;
      this.rowHeight = 0;
    }
    const glyph = {
      u: this.penX,
      v: this.penY,
      width: width / ratio,
      height: height / ratio,
      advance,
    };
    // Once the texture is full, further letters stay blank. No alphabet in use gets close.
    if (this.penY + height <= ATLAS_SIZE) {
      const x = this.penX + PADDING_PX * ratio;
      const y = this.penY + (PADDING_PX + style.size) * ratio;
      context.lineJoin = "round";
      context.lineWidth = 3.4 * ratio;
      context.strokeStyle = "#0f0";
      context.strokeText(character, x, y);
      context.fillStyle = "#f00";
      context.fillText(character, x, y);
      this.penX += width;
      this.rowHeight = Math.max(this.rowHeight, height);
      this.stale = true;
    }
    return glyph;
  }
}
