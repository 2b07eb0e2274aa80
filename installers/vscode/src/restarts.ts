// Whether a server that ended is started again: at once and silently, until it ends again and again.

export const RESTARTS_MAX = 5;
export const WINDOW_MS = 60_000;

/** Remembers when the server ended, and decides. */
export class Restarts {
  private ended: number[] = [];

  /** The server ended at `now` (milliseconds); whether to start it again. */
  again(now: number): boolean {
    this.ended = this.ended.filter((moment) => now - moment < WINDOW_MS);
    this.ended.push(now);
    return this.ended.length <= RESTARTS_MAX;
  }

  /** The person asked for a start: the count begins anew. */
  forget(): void {
    this.ended = [];
  }
}
