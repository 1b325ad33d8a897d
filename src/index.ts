export * from './image-mirror';
export * from './mirrored-image';
export * from './mirror-compute';
export * from './on-tag-moved';
export * from './registry-credentials';
export * from './tag-filter';
export * from './tag-kind';
