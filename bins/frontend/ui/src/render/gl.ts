/** WebGL2 helpers shared by the layers of the map. */

/** The parameters of a frame. */
export interface Frame {
  /** Centre of the view in world units. */
  x: number;
  y: number;
  /** CSS pixels per world unit. */
  zoom: number;
  /** Size of the canvas in CSS pixels. */
  width: number;
  height: number;
  /** Device pixels per CSS pixel. */
  ratio: number;
  /** Fractional tick. */
  tick: number;
  /** Seconds since the map began, for effects. */
  seconds: number;
  /** Scale of the symbols; 1 is normal. */
  symbol: number;
  /** 1 if the player prefers reduced motion, else 0. */
  calm: number;
}

/** Common GLSL header of all programs; see `Frame`. */
export const PRELUDE = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform vec4 uView;   // centre x, centre y, zoom, device pixels per CSS pixel
uniform vec2 uSize;   // canvas in CSS pixels
uniform vec4 uClock;  // tick, seconds, symbol size, calm
vec4 place(vec2 world, vec2 offsetPx) {
  vec2 px = (world - uView.xy) * uView.z + offsetPx;
  return vec4(px.x * 2.0 / uSize.x, -px.y * 2.0 / uSize.y, 0.0, 1.0);
}
float cover(float distancePx) { return clamp(0.5 - distancePx * uView.w, 0.0, 1.0); }
`;

/** A linked program with its uniform locations. */
export class Program {
  private readonly handle: WebGLProgram;
  private readonly locations = new Map<string, WebGLUniformLocation | null>();

  constructor(
    private readonly gl: WebGL2RenderingContext,
    vertex: string,
    fragment: string,
  ) {
    const handle = gl.createProgram();
    gl.attachShader(handle, compile(gl, gl.VERTEX_SHADER, PRELUDE + vertex));
    gl.attachShader(handle, compile(gl, gl.FRAGMENT_SHADER, PRELUDE + fragment));
    gl.linkProgram(handle);
    if (gl.getProgramParameter(handle, gl.LINK_STATUS) !== true && !gl.isContextLost()) {
      throw new Error(`shader link: ${gl.getProgramInfoLog(handle) ?? ""}`);
    }
    this.handle = handle;
  }

  use(frame: Frame): void {
    const { gl } = this;
    gl.useProgram(this.handle);
    gl.uniform4f(this.at("uView"), frame.x, frame.y, frame.zoom, frame.ratio);
    gl.uniform2f(this.at("uSize"), frame.width, frame.height);
    gl.uniform4f(this.at("uClock"), frame.tick, frame.seconds, frame.symbol, frame.calm);
  }

  /** Binds a texture to a unit and to the sampler of that name. */
  texture(name: string, unit: number, texture: WebGLTexture): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform1i(this.at(name), unit);
  }

  at(name: string): WebGLUniformLocation | null {
    let location = this.locations.get(name);
    if (location === undefined) {
      location = this.gl.getUniformLocation(this.handle, name);
      this.locations.set(name, location);
    }
    return location;
  }
}

function compile(gl: WebGL2RenderingContext, type: number, source: string): WebGLShader {
  const shader = gl.createShader(type);
  if (shader === null) throw new Error("shader: graphics context lost");
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (gl.getShaderParameter(shader, gl.COMPILE_STATUS) !== true && !gl.isContextLost()) {
    throw new Error(`shader: ${gl.getShaderInfoLog(shader) ?? ""}`);
  }
  return shader;
}

/**
 * Instances of a quad in a growing float array, drawn in one call. Attributes use locations from 1
 * in the order of `sizes`; location 0 is the corner (±1).
 */
export class Instances {
  data: Float32Array;
  count = 0;
  readonly stride: number;
  private readonly array: WebGLVertexArrayObject;
  private readonly buffer: WebGLBuffer;
  private capacity = 0;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    sizes: readonly number[],
  ) {
    this.stride = sizes.reduce((sum, size) => sum + size, 0);
    this.data = new Float32Array(this.stride * 64);
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    const corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let offset = 0;
    sizes.forEach((size, index) => {
      gl.enableVertexAttribArray(index + 1);
      gl.vertexAttribPointer(index + 1, size, gl.FLOAT, false, this.stride * 4, offset * 4);
      gl.vertexAttribDivisor(index + 1, 1);
      offset += size;
    });
    gl.bindVertexArray(null);
  }

  /** Grows the array to `count` instances. */
  reserve(count: number): void {
    if (count * this.stride <= this.data.length) return;
    const grown = new Float32Array(Math.max(count * this.stride, this.data.length * 2));
    grown.set(this.data);
    this.data = grown;
  }

  clear(): void {
    this.count = 0;
  }

  /** Appends an instance; the number of values must equal the stride. */
  push(...values: number[]): void {
    this.reserve(this.count + 1);
    this.data.set(values, this.count * this.stride);
    this.count += 1;
  }

  upload(): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    if (this.data.length > this.capacity) {
      gl.bufferData(gl.ARRAY_BUFFER, this.data, gl.DYNAMIC_DRAW);
      this.capacity = this.data.length;
    } else {
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, this.data, 0, this.count * this.stride);
    }
  }

  draw(): void {
    if (this.count === 0) return;
    const { gl } = this;
    gl.bindVertexArray(this.array);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.count);
    gl.bindVertexArray(null);
  }
}

/** A texture read by `texelFetch`: no filtering, no wrapping. */
export function dataTexture(gl: WebGL2RenderingContext): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return texture;
}
