// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const IMAGES = `
  select i.id, i.file, (select count(*) from labels l where l.image_id = i.id) as labels
    from images i order by i.id`;

export const LABELS = "select label, labelled_by from labels where image_id = $1 order by label";
