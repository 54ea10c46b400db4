-- CreateTable
CREATE TABLE "crops" (
    "id" TEXT NOT NULL,
    "plate_id" TEXT NOT NULL,
    "caption" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "made_by" TEXT NOT NULL,
    "made_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "crops_pkey" PRIMARY KEY ("id")
);
