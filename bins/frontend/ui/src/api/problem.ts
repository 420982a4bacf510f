import type { ProblemDocument } from "./wire";

/** A failed request, with a message for the player. */
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
  0: "Cannot reach the server. Is it running?",
  401: "You are not signed in.",
  403: "You don't have permission to do that.",
  404: "Not found.",
  429: "Too many requests. Wait a moment.",
  502: "The game server does not respond.",
  503: "The server is starting or overloaded. Try again in a moment.",
};

/** The error for a response; without a problem document, a general message for the status. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  const document = (typeof body === "object" && body !== null ? body : {}) as ProblemDocument;
  const detail =
    text(document.detail) ??
    text(document.title) ??
    FALLBACK[status] ??
    `The server responded with status ${status}.`;
  const reasons = Array.isArray(document.errors)
    ? document.errors.flatMap((error) => {
        const sentence = text(error?.detail);
        return sentence === undefined || sentence === detail ? [] : [sentence];
      })
    : [];
  return new ApiProblem(status, text(document.code) ?? "unknown", detail, reasons);
}

/** The message to show for a caught error. */
export function describe(error: unknown): string {
  if (error instanceof ApiProblem) return [error.message, ...error.reasons].join(" ");
  return error instanceof Error ? error.message : String(error);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 ? value : undefined;
}
