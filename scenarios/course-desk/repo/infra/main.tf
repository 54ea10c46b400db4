# What the courses stand on. The function and its API are deployed by the pipeline (deploy/).

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.80"
    }
  }

  backend "s3" {
    bucket = "larkfield-terraform"
    key    = "courses.tfstate"
    region = "eu-west-1"
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

locals {
  tags = {
    ManagedBy = "terraform"
    Project   = "courses"
  }
}

resource "aws_vpc" "main" {
  cidr_block           = "10.20.0.0/16"
  enable_dns_hostnames = true
  tags                 = local.tags
}

resource "aws_security_group" "database" {
  name        = "courses-database"
  description = "Who may reach the database"
  vpc_id      = aws_vpc.main.id
  tags        = local.tags
}

resource "aws_db_instance" "courses" {
  engine                  = "postgres"
  engine_version          = "15.8"
  instance_class          = "db.r6g.large"
  allocated_storage       = 410
  db_name                 = "courses"
  username                = "courses"
  backup_retention_period = 7
  skip_final_snapshot     = true
  vpc_security_group_ids  = [aws_security_group.database.id]
  tags                    = local.tags
}

output "database" {
  value = aws_db_instance.courses.identifier
}
