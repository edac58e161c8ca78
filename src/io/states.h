/* The states of an optimiser in a file, and which optimiser each array has. */
#ifndef ADZE_IO_STATES_H
#define ADZE_IO_STATES_H

#include "adze/io/training.h"
#include "io/fields.h"

/* Lists the states of a part, but for their numbers. */
ad_status ad_list_states(const ad_training_part *p, ad_listing *l);

/* What is known before the states are read. */
typedef struct ad_saved_states {
    int count;
    int64_t steps;
    const ad_array *
        model; /* the arrays that the model's empty ones will become; NULL: they stay as they are */
    bool empty; /* all of the model's will be empty */
} ad_saved_states;

/* Reads the states of a part into *states, which is empty. On failure it may hold some; free
 * them. */
ad_status ad_read_states(const ad_training_part *p, ad_reading *r, const ad_saved_states *saved,
                         ad_states *states);

#endif
