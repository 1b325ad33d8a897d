module cdk-ecr-mirror.local/bench/link

go 1.22
