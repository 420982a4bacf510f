import { useUi } from "./context";
import { Dialog } from "./dialog";

export const SHORTCUTS: readonly (readonly [keys: string, effect: string])[] = [
  ["?", "This help"],
  ["Esc", "Let go of the selection, close a dialog"],
  ["F", "Fit the whole map"],
  ["H", "Go to my home"],
  ["N", "Next idle fleet of mine"],
  ["1 … 9, 0", "Send 10 % … 90 %, all of the selected fleet"],
  ["M", "Muster new fleets at the selected system"],
  ["C", "Cancel the route of the selected fleet"],
  ["+ −", "Zoom"],
  ["Arrows, WASD", "Move the map"],
];

const RECORDED: readonly (readonly [keys: string, effect: string])[] = [
  ["Space", "Halt the recorded run, go on"],
  ["← →", "Ten ticks back, ten ticks on"],
];

export function HelpDialog() {
  const { app } = useUi();
  return (
    <Dialog title="How to play" wide onClose={() => app.dialog.set(null)}>
      <div class="help">
        <section>
          <h3>The first minute</h3>
          <ol>
            <li>
              Watch. Coloured ground belongs to factions, arrowheads are fleets under way, flashes
              are battles.
            </li>
            <li>
              Press <b>Join the war</b>, then <b>Play as a guest</b>, and take a faction that a
              computer plays.
            </li>
            <li>
              Click one of your fleets (the shield beside a system), then the system it should go
              to. The dashed line shows the way and the tick of arrival.
            </li>
            <li>
              A fleet that beats the defenders grinds down the garrison and takes the system when
              3.0k of it stays for two ticks.
            </li>
            <li>
              Hold 75 % of the sector's value for 30 ticks, or be the last one standing, and the war
              is yours.
            </li>
          </ol>
        </section>
        <section>
          <h3>Reading the map</h3>
          <ul class="legend">
            <li>
              <i class="glyph disc" /> system; the bigger, the more valuable
            </li>
            <li>
              <i class="glyph diamond" /> relic: economy ×1.8
            </li>
            <li>
              <i class="glyph square" /> forge: economy ×1.4
            </li>
            <li>
              <i class="glyph hex" /> hive: economy ×1.2
            </li>
            <li>
              <i class="glyph ring" /> ring in its colour: a faction's home
            </li>
            <li>
              <i class="glyph dashed" /> broken pulsing ring: a siege; the outer arc is the
              occupation
            </li>
            <li>
              <i class="glyph spark" /> golden spikes: unrest, a rebellion is near
            </li>
          </ul>
          <p class="dim note">
            Strength is shown in thousands (10.0k). Each faction has a letter and a ground pattern
            as well as a colour.
          </p>
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
            Shift and click sends half. Right click lets go. On a phone: tap a fleet, tap a system,
            tap it again to send; two fingers zoom.
          </p>
        </section>
      </div>
    </Dialog>
  );
}
