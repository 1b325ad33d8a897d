package com.example;

import io.github.cdkecrmirror.ImageMirror;
import java.util.List;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ecs.ContainerDefinitionOptions;
import software.amazon.awscdk.services.ecs.FargateTaskDefinition;

public final class MirrorApp {
    public static void main(final String[] args) {
        App app = new App();

        // The images that are mirrored once a day.
        Stack platform = new Stack(app, "PlatformImages");
        ImageMirror mirror = ImageMirror.Builder.create(platform, "Mirror")
            .images(List.of("nginx:stable", "logstash:7.11.2", "quay.io/prometheus/prometheus:v2.53.0"))
            .build();

        // A task that runs one of them.
        Stack web = new Stack(app, "WebService");
        FargateTaskDefinition task = new FargateTaskDefinition(web, "Task");
        task.addContainer("Web", ContainerDefinitionOptions.builder()
            .image(mirror.image("nginx:stable").toContainerImage())
            .build());

        app.synth();
    }
}
