import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/** A widget that is made anew when its dashboard is rendered: what it shows may have become more until then. */
export class LateWidget extends cloudwatch.ConcreteWidget {
  /** @param make defines nothing when it is called again */
  constructor(private readonly make: () => cloudwatch.IWidget) {
    const { width, height } = make();
    super(width, height);
  }

  public toJson(): any[] {
    const widget = this.make();
    widget.position(this.x ?? 0, this.y ?? 0);
    return widget.toJson();
  }
}
