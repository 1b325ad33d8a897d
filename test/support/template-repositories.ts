import type { EcrCreationTemplate, EcrRepositoryDefinition } from './local-ecr';
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
      scanOnPush: properties.ImageScanningConfiguration?.ScanOnPush,
    };
  });
}

/** The templates of a template by which pushes create repositories, as `LocalEcr` takes them. */
export function creationTemplates(template: TemplateResolver): EcrCreationTemplate[] {
  const all = template.ids('AWS::ECR::RepositoryCreationTemplate').map((id) => template.properties(id));
  return all.filter(({ AppliedFor }) => AppliedFor.includes('CREATE_ON_PUSH')).map(({ Prefix, ImageTagMutability }) => ({ prefix: Prefix, imageTagMutability: ImageTagMutability }));
}
