import { captureText, kindText, victoryText } from "../state/rules";
import { useUi, useWorld } from "./context";
import { Dialog } from "./dialog";

export const SHORTCUTS: readonly (readonly [keys: string, effect: string])[] = [
  ["?", "Show this help"],
  ["Esc", "Deselect, close a dialog"],
  ["F", "Fit the whole map"],
  ["H", "Go to my home system"],
  ["N", "Select my next idle fleet"],
  ["1 … 9, 0", "Set the share to send: 10 % … 90 %, all"],
  ["M", "Muster new fleets at the selected system"],
  ["C", "Cancel the route of the selected fleet"],
  ["+ −", "Zoom"],
  ["Arrows, WASD", "Move the map"],
];

const RECORDED: readonly (readonly [keys: string, effect: string])[] = [
  ["Space", "Pause or resume"],
  ["← →", "Ten ticks back or forward"],
];

export function HelpDialog() {
  const { app } = useUi();
  const rules = useWorld()?.rules ?? null;
  return (
    <Dialog title="How to play" wide onClose={() => app.dialog.set(null)}>
      <div class="help">
        <section>
          <h3>The first minute</h3>
          <ol>
            <li>
              Watch. Coloured areas belong to factions, arrowheads are moving fleets, flashes are
              battles.
            </li>
            <li>
              Press <b>Join the war</b>, then <b>Play as a guest</b>, and choose a faction played by
              a computer.
            </li>
            <li>
              Click one of your fleets (the shield next to a system), then its target. The dashed
              line shows the route, the tooltip the tick of arrival.
            </li>
            <li>
              A fleet that beats the defenders wears down the garrison and {captureText(rules)}.
            </li>
            <li>{victoryText(rules)}, or be the last one standing, and you win the war.</li>
          </ol>
        </section>
        <section>
          <h3>Reading the map</h3>
          <ul class="legend">
            <li>
              <i class="glyph disc" /> System: larger means more valuable
            </li>
            <li>
              <i class="glyph diamond" /> {kindText("relic", rules)}
            </li>
            <li>
              <i class="glyph square" /> {kindText("forge", rules)}
            </li>
            <li>
              <i class="glyph hex" /> {kindText("hive", rules)}
            </li>
            <li>
              <i class="glyph ring" /> Ring in its own colour: home of a faction
            </li>
            <li>
              <i class="glyph dashed" /> Pulsing dashed ring: siege; the outer arc shows the
              occupation
            </li>
            <li>
              <i class="glyph spark" /> Golden spikes: unrest, risk of rebellion
            </li>
          </ul>
          <p class="dim note">Each faction has a letter and a pattern as well as a colour.</p>
        </section>
        <section>
          <h3>Keys</h3>
          <dl class="keys">
            {[...(app.recording === null ? [] : RECORDED), ...SHORTCUTS].map(([keys, effect]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{effect}</dd>
              </div>
            ))}
          </dl>
          <p class="dim note">
            Shift-click sends half. Right-click deselects. On a phone: tap a fleet, tap a system,
            tap it again to send; pinch to zoom.
          </p>
        </section>
      </div>
    </Dialog>
  );
}
