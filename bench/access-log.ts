/** What a registry's own access log says of one run; it costs nothing on the way of the bytes. */
export interface Traffic {
  readonly requests: number;
  /** Manifests asked for with GET and given: what Docker Hub counts as pulls. */
  readonly manifestGets: number;
  /** Bytes of all bodies that the registry sent. */
  readonly bytesSent: number;
}

/** A line in the combined format: `host - user [time] "GET /v2/… HTTP/1.1" 200 12 "referrer" "agent"`. */
const LINE = /^\S+ \S+ \S+ \[[^\]]+\] "([A-Z]+) (\S+) HTTP\/[0-9.]+" ([0-9]{3}) ([0-9]+)/;

/** Counts the requests of an access log. */
export function trafficOf(log: string): Traffic {
  const requests = log.split('\n').flatMap((line) => {
    const match = LINE.exec(line);
    return match ? [{ method: match[1], path: match[2], status: Number(match[3]), bytes: Number(match[4]) }] : [];
  });
  return {
    requests: requests.length,
    manifestGets: requests.filter(({ method, path, status }) => method === 'GET' && path.includes('/manifests/') && status === 200).length,
    bytesSent: requests.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
