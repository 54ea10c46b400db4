# What the board stands on. The function and its API are deployed by the pipeline (deploy/).

terraform {
  required_version = ">= 1.9"

  backend "s3" {
    bucket = "northgate-terraform"
    key    = "dispatch/main.tfstate"
    region = "us-east-2"
  }
}

provider "aws" {
  region = "us-east-2"
}

locals {
  tags = { owner = "dispatch" }
}

resource "aws_security_group" "sg" {
  name        = "dispatch-database"
  description = "Who may reach the database"
  tags        = local.tags
}

resource "aws_db_instance" "db" {
  identifier                = "dispatch-db"
  engine                    = "postgres"
  engine_version            = "15.8"
  instance_class            = "db.m6g.large"
  allocated_storage         = 300
  db_name                   = "dispatch"
  username                  = "dispatch"
  backup_retention_period   = 0
  skip_final_snapshot       = false
  final_snapshot_identifier = "dispatch-db-last"
  vpc_security_group_ids    = [aws_security_group.sg.id]
  tags                      = local.tags
}

resource "aws_sns_topic" "t1" {
  name = "dispatch-alerts"
  tags = local.tags
}
