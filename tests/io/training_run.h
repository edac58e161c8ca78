/* A run of training with all that may be carried from step to step. */
#ifndef ADZE_TESTS_TRAINING_RUN_H
#define ADZE_TESTS_TRAINING_RUN_H

#include "adze/io/training.h"

#include "../models/optimiser_rows.h"
#include "models.h"

AD_MODEL_TRAINING(nested);

enum { BATCH = 4, ROWS_OF_DATA = 12, PARTS = 11 };

typedef struct training_run {
    ad_tape *tape;
    nested model, gradient, average;
    ad_states states;
    ad_plateau plateau;
    ad_random random;
    ad_key key;
    ad_array order; /* i64: the rows of data, shuffled at every epoch */
    int64_t epoch;
    double best;
    char note[16];
    double
        settings[AD_MAX_SETTINGS / sizeof(double)]; /* the rate is the first, in all optimisers */
    double rate;
    ad_sgd sgd; /* of the group */
    ad_group group;
    ad_method method;
    ad_training_part parts[PARTS];
} training_run;

/* A run with the optimiser of a row and its i-th settings. Biases have another one, unless it is the only one. It has a
 * model if `begun`; otherwise all is to be loaded. */
void begin_run(training_run *r, const optimiser_row *row, size_t i, ad_type type, bool begun);
void end_run(training_run *r);

/* So many steps. */
void run_steps(training_run *r, int n);

/* A file as bytes, in static memory until the next call. */
const unsigned char *bytes_of(const char *path, size_t *size);

#endif
