from aws_cdk import App, Stack
from aws_cdk.aws_ecs import FargateTaskDefinition
from cdk_ecr_mirror import ImageMirror

app = App()

# The images that are mirrored once a day.
platform = Stack(app, "PlatformImages")
mirror = ImageMirror(
    platform,
    "Mirror",
    images=["nginx:stable", "logstash:7.11.2", "quay.io/prometheus/prometheus:v2.53.0"],
)

# A task that runs one of them.
web = Stack(app, "WebService")
task = FargateTaskDefinition(web, "Task")
task.add_container("Web", image=mirror.image("nginx:stable").to_container_image())

app.synth()
