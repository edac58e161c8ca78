/* What the checks of derivatives share. */
#ifndef ADZE_CHECK_PARTS_H
#define ADZE_CHECK_PARTS_H

#include "adze/check.h"

/* Copies the options, which may be NULL. AD_MISUSE where somebody has not set a size. */
ad_status ad_check_read(const char *name, const ad_check_options *options, ad_check_options *o,
                        ad_error *error);

/* Tells the user what was found, if that is wanted. */
void ad_check_tell(const ad_check_options *o, const ad_check_report *found);

static inline const ad_allocator *ad_check_allocator(const ad_check_options *o)
{
    return o->tape ? o->tape->allocator : NULL;
}

/* Streams of random numbers, so that none depends on how many another one drew. */
enum { AD_STREAM_PLACES, AD_STREAM_WEIGHTS, AD_STREAM_TANGENTS, AD_STREAM_TRIALS };

/* Of either sign and of size 0.5 to 1.5: as a cotangent it hides nothing. */
double ad_check_weight(ad_random *r);

/* Writes a number to a float array; returns what it became there. */
double ad_check_put(const ad_array *a, size_t i, double x);

/* An array like v, of weights from a stream, on the tape; data is NULL with an error. */
ad_array ad_check_weights(ad_tape *t, const ad_view *v, uint64_t seed, uint64_t stream);

#endif
