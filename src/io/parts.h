/* The parts of a training state: how each kind is written, read and put in its place. */
#ifndef ADZE_IO_PARTS_H
#define ADZE_IO_PARTS_H

#include "adze/io/training.h"
#include "io/fields.h"

/* Why a part cannot be used; NULL if it can. */
const char *ad_part_flaw(const ad_training_part *p);

/* ---- saving ------------------------------------------------------------------------- */

/* How many arrays and pairs a part takes, at most. */
size_t ad_part_views(const ad_training_part *p);
size_t ad_part_pairs(const ad_training_part *p);

ad_status ad_part_list(const ad_training_part *p, ad_listing *l);

/* ---- loading ------------------------------------------------------------------------ */

/* What has been read of a part, until all parts are. Starts as zeros but for the part. */
typedef struct ad_part_stage {
    const ad_training_part *part;
    ad_array list;    /* of arrays: as many ad_array as the part has */
    bool none;        /* of arrays: none of them holds numbers */
    const char *text; /* in the file */
    union {
        int64_t integer;
        double number;
        ad_random random;
        ad_key key;
        ad_plateau plateau;
        ad_lbfgs_memory memory;
        ad_states states;
    } value; /* of the other kinds */
} ad_part_stage;

/* Reads a part; states, too, once all others have been read: stages are those of all n parts. */
ad_status ad_part_read(ad_part_stage *s, ad_reading *r);
ad_status ad_part_read_states(ad_part_stage *s, ad_reading *r, const ad_part_stage *stages, int n);

/* Puts it in its place, which cannot fail; or ends it. */
void ad_part_commit(ad_part_stage *s);
void ad_part_drop(ad_part_stage *s);

#endif
