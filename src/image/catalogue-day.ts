/**
 * Days as a catalogue writes them: `2027-03-31`, in UTC.
 */

const MILLISECONDS_IN_A_DAY = 86_400_000;

/** Whether a text of the right form is a day that the calendar has. */
export function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && dayOf(time) === text;
}

/** The day of a time in milliseconds since the epoch. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** How many days there are from one day to another; negative when the other was before. */
export function daysUntil(day: string, today: string): number {
  return Math.round((Date.parse(day) - Date.parse(today)) / MILLISECONDS_IN_A_DAY);
}
