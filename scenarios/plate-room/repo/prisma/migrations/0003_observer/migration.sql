-- AlterTable
ALTER TABLE "plates" ADD COLUMN "observer" TEXT NOT NULL DEFAULT '';
