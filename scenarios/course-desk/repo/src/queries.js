// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const POINTS = `select student, sum(points) as points from submissions where course = $1
  group by student order by sum(points) desc, student`;

export const HOMEWORK = "select course, homework, points from submissions where student = $1 order by id";
