// Settings by layer. Format 4, since 13 April: of a run's layers the nearest stands first (in format 3 it stood last).

// Whatever runs anywhere in the fleet: of the CI alone, deploys take their database from the stack.
const fleet = { db: "lap-suite-db", user: "laps", name: "laps", workers: 8, retries: 3, colour: false };

// Whatever our repository runs.
const repository = { retries: 1, colour: true, report: "junit" };

// The suite, and the deploys.
const suite = { db: "lap-suite-db", workers: 1 };
const deploy = { retries: 0, report: "none" };

export const LAYERS = {
  suite: [suite, repository, fleet],
  deploy: [deploy, repository, fleet],
};
