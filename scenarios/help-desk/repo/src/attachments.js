import { ATTACHMENTS } from "./queries.js";

// What customers attach is put below uploads/ by the form, in the bucket that the pages are in, and lives nowhere else.
const UPLOADS = "https://helpdesk-assets.s3.eu-north-1.amazonaws.com/uploads";

/** Links to what a customer has attached to a ticket. */
export function attachments(db, ticket) {
  return { ticket, attachments: db.query(ATTACHMENTS, [ticket]).map(({ key }) => `${UPLOADS}/${key}`) };
}
