/** Which sector this page shows, by its address: `/sectors/north` is one of several, `/` the server's own. */
export interface Place {
  /** Before the paths of the live streams: empty or `/sectors/north`. */
  readonly prefix: string;
  /** The sector's name, if the address has one. */
  readonly sector: string | null;
}

export function placeOf(pathname: string): Place {
  const sector = /^\/sectors\/([a-z0-9-]{1,32})\/?$/.exec(pathname)?.[1];
  return sector === undefined
    ? { prefix: "", sector: null }
    : { prefix: `/sectors/${sector}`, sector };
}

/** Logins are the same for all sectors; everything else is about one. */
export function apiPath(place: Place, path: string): string {
  const isOfAll = path.startsWith("/auth/") || path.startsWith("/keys") || path === "/sectors";
  return isOfAll ? path : place.prefix + path;
}
