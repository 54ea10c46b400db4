/** The folder that the scans lie in. */
export const SCANS = "Scans";
