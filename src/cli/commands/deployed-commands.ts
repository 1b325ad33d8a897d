/** The commands for deployed mirrors. They are a bundle of their own, because they use the AWS SDK. */
export { decisionCommand } from './decision-command';
export { startCommand } from './start-command';
