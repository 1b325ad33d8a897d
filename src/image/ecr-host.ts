/** An Amazon ECR host: account, optional FIPS marker, Region; in every partition, and in the dual-stack form. */
const ECR_HOST = new RegExp('^([0-9]{12})\\.dkr[.-]ecr(-fips)?\\.([a-z0-9-]+)\\.'
  + '(?:amazonaws\\.com(?:\\.cn)?|amazonaws\\.eu|c2s\\.ic\\.gov|sc2s\\.sgov\\.gov|cloud\\.adc-e\\.uk|csp\\.hci\\.ic\\.gov|on\\.(?:aws|amazonwebservices\\.com\\.cn))$');

/** What an Amazon ECR host says about itself; undefined for other hosts, that of Amazon ECR Public among them. */
export function ecrHost(registry: string): { readonly account: string; readonly region: string; readonly fips: boolean } | undefined {
  const match = ECR_HOST.exec(registry);
  return match ? { account: match[1], fips: match[2] !== undefined, region: match[3] } : undefined;
}
