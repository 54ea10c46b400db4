-- CreateTable
CREATE TABLE "plates" (
    "id" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "year" INTEGER NOT NULL,

    CONSTRAINT "plates_pkey" PRIMARY KEY ("id")
);
