import type { EcrRepositoryDefinition } from './local-ecr';
import { TemplateResolver } from './template-resolver';

/** The repositories that a template defines, as `LocalEcr` takes them. */
export function templateRepositories(template: TemplateResolver): EcrRepositoryDefinition[] {
  return template.ids('AWS::ECR::Repository').map((id) => {
    const properties = template.properties(id);
    const filters: { ImageTagMutabilityExclusionFilterValue: string }[] = properties.ImageTagMutabilityExclusionFilters ?? [];
    return {
      repositoryName: properties.RepositoryName,
      imageTagMutability: properties.ImageTagMutability,
      exclusionFilters: filters.map(({ ImageTagMutabilityExclusionFilterValue }) => ImageTagMutabilityExclusionFilterValue),
    };
  });
}
