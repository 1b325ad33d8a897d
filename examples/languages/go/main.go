package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdk-ecr-mirror/cdk-ecr-mirror-go/cdkecrmirror"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)

	// The images that are mirrored once a day.
	platform := awscdk.NewStack(app, jsii.String("PlatformImages"), nil)
	mirror := cdkecrmirror.NewImageMirror(platform, jsii.String("Mirror"), &cdkecrmirror.ImageMirrorProps{
		Images: jsii.Strings("nginx:stable", "logstash:7.11.2", "quay.io/prometheus/prometheus:v2.53.0"),
	})

	// A task that runs one of them.
	web := awscdk.NewStack(app, jsii.String("WebService"), nil)
	task := awsecs.NewFargateTaskDefinition(web, jsii.String("Task"), nil)
	task.AddContainer(jsii.String("Web"), &awsecs.ContainerDefinitionOptions{
		Image: mirror.Image(jsii.String("nginx:stable")).ToContainerImage(),
	})

	app.Synth(nil)
}
