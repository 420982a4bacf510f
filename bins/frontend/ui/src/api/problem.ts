import type { ProblemDocument } from "./wire";

/** A request that did not succeed, with a sentence fit for a player. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly reasons: readonly string[] = [],
  ) {
    super(detail);
    this.name = "ApiProblem";
  }
}

const FALLBACK: Record<number, string> = {
  0: "The server cannot be reached. Is it running?",
  401: "You are not signed in.",
  403: "You may not do that.",
  404: "The server does not know that address.",
  429: "Too many requests; wait a moment.",
  502: "The game server behind the map does not answer.",
  503: "The server is starting or overloaded; try again in a moment.",
};

/** Builds the error for a response body; anything that is not a problem document becomes a plain sentence. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  const document = (typeof body === "object" && body !== null ? body : {}) as ProblemDocument;
  const detail =
    text(document.detail) ??
    text(document.title) ??
    FALLBACK[status] ??
    `The server answered with status ${status}.`;
  const reasons = Array.isArray(document.errors)
    ? document.errors.flatMap((error) => {
        const sentence = text(error?.detail);
        return sentence === undefined || sentence === detail ? [] : [sentence];
      })
    : [];
  return new ApiProblem(status, text(document.code) ?? "unknown", detail, reasons);
}

/** The sentence to show for anything that was thrown. */
export function describe(error: unknown): string {
  if (error instanceof ApiProblem) return [error.message, ...error.reasons].join(" ");
  return error instanceof Error ? error.message : String(error);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 ? value : undefined;
}
