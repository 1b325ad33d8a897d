const REGISTRIES = ['docker.io', 'quay.io', 'ghcr.io', 'public.ecr.aws'];

/** Images as a platform team has them: of several registries, each in a repository of its own, every third under a tag that floats. */
export function fleetImages(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const tag = index % 3 === 0 ? 'stable' : `1.${index % 20}.${index % 7}`;
    return `${REGISTRIES[index % REGISTRIES.length]}/team-${index % 12}/service-${String(index).padStart(4, '0')}:${tag}`;
  });
}

/** Divides images among stacks, as evenly as can be, in their order. */
export function shares(images: readonly string[], stacks: number): string[][] {
  const size = Math.ceil(images.length / stacks);
  return Array.from({ length: stacks }, (_, index) => images.slice(index * size, (index + 1) * size));
}
