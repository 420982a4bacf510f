import { useEffect, useState } from "preact/hooks";
import { SPEEDS_MS, type Recording } from "../state/recording";
import { useSignal } from "../state/signal";
import { useWorld } from "./context";

/** Milliseconds per tick at speed 1×. */
const NORMAL_MS = 300;

const speedName = (ms: number): string => `${+(NORMAL_MS / ms).toFixed(2)}×`;

/** Playback controls of a recorded run. */
export function PlaybackBar({ recording }: { recording: Recording }) {
  const world = useWorld();
  const playing = useSignal(recording.playing);
  /** Position while the slider is dragged; null otherwise. */
  const [held, setHeld] = useState<number | null>(null);
  const tick = world?.mirror.tick ?? 0;
  useEffect(() => setHeld(null), [world]);
  if (playing === null) return null;
  const shown = held ?? tick;
  const atEnd = tick >= playing.last;
  const speeds = [...new Set([...SPEEDS_MS, playing.tick_ms])].sort((a, b) => b - a);
  return (
    <div class="playback" role="group" aria-label="Recorded run">
      <button
        type="button"
        class="primary"
        aria-keyshortcuts="Space"
        onClick={() => recording.toggle(tick)}
      >
        {atEnd ? "Replay" : playing.paused ? "Play" : "Pause"}
      </button>
      <input
        type="range"
        aria-label="Tick"
        aria-valuetext={`tick ${shown} of ${playing.last}`}
        min={0}
        max={playing.last}
        value={shown}
        onInput={(event) => setHeld(event.currentTarget.valueAsNumber)}
        onChange={(event) => void recording.change({ tick: event.currentTarget.valueAsNumber })}
      />
      <output>
        {shown} <span>of {playing.last}</span>
      </output>
      <label>
        <span>Speed</span>
        <select
          value={String(playing.tick_ms)}
          onChange={(event) =>
            void recording.change({ tick_ms: Number(event.currentTarget.value) })
          }
        >
          {speeds.map((ms) => (
            <option key={ms} value={String(ms)}>
              {speedName(ms)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
