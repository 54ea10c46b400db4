import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "./src/schema.js",
  dbCredentials: { url: process.env.DATABASE_URL },
});
