/** Path prefix of the sector shown by this page: `/sectors/north` for a named one, else empty. */
export function sectorPrefix(pathname: string): string {
  return /^(\/sectors\/[a-z0-9-]{1,32})\/?$/.exec(pathname)?.[1] ?? "";
}
