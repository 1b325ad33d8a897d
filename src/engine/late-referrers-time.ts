import { variableError } from './run-variables';
import { RUN_ENVIRONMENT } from '../image/contract/environment';

const TIME_OF_DAY = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/;

/** Whether this run looks for late referrers. With a window, it does so only in this part of the day. */
export function isTimeForLateReferrers(text: string | undefined): boolean {
  if (!text || text === 'false') return false;
  if (text === 'true') return true;
  const [, start, end, timeZone = 'UTC'] = /^([0-9:]{5})-([0-9:]{5})(?: (\S{1,64}))?$/.exec(text) ?? [];
  const now = [start, end].every((time) => time !== undefined && TIME_OF_DAY.test(time)) ? timeOfDay(timeZone) : undefined;
  if (now === undefined) {
    const format = 'it must be true, false, or a part of the day such as "06:00-12:00" or "06:00-12:00 Europe/Berlin"';
    throw variableError(RUN_ENVIRONMENT.LATE_REFERRERS, text, format);
  }
  // A part of the day may include midnight.
  return start < end ? start <= now && now < end : start <= now || now < end;
}

/** The time of the day, for example `06:05`; undefined for an unknown time zone. */
function timeOfDay(timeZone: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(Date.now());
  } catch {
    return undefined;
  }
}
