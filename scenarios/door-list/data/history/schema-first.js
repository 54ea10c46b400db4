import { integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";

export const companies = pgTable("companies", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
});

export const people = pgTable("people", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  companyId: text("company_id").notNull().references(() => companies.id),
  seat: integer("seat").notNull(),
});

export const wishes = pgTable("wishes", {
  id: text("id").primaryKey(),
  personId: text("person_id").notNull().references(() => people.id),
  whom: text("whom").notNull(),
  at: timestamp("at", { withTimezone: true }).notNull(),
});
