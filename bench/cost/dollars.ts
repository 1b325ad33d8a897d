/** An amount for people: cents where it is dollars, two digits that count where it is less than a cent. */
export function dollars(amount: number): string {
  if (amount === 0) return 'nothing';
  if (amount >= 1_000) return `$${Math.round(amount).toLocaleString('en')}`;
  if (amount >= 0.1) return `$${amount.toFixed(2)}`;
  return `$${decimal(amount)}`;
}

/** Two digits that count, and never an exponent. */
function decimal(amount: number): string {
  const digits = Math.max(2, 1 - Math.floor(Math.log10(amount)));
  return amount.toFixed(digits).replace(/(\.\d\d+?)0+$/, '$1');
}

/** A price as it is written down, and never with an exponent. */
export function plain(amount: number): string {
  return amount.toFixed(12).replace(/\.?0+$/, '');
}
