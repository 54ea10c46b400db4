import { ATTACHMENTS } from "./queries.js";

// What customers attach is put there by the form: a bucket of its own, with versions.
const UPLOADS = "https://helpdesk-attachments.s3.eu-north-1.amazonaws.com";

/** Links to what a customer has attached to a ticket. */
export function attachments(db, ticket) {
  return { ticket, attachments: db.query(ATTACHMENTS, [ticket]).map(({ key }) => `${UPLOADS}/${key}`) };
}
