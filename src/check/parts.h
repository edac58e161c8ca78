/* What the checks of derivatives share. */
#ifndef ADZE_CHECK_PARTS_H
#define ADZE_CHECK_PARTS_H

#include "adze/check.h"
#include "adze/model.h"
#include "check/slope.h"

/* The options with defaults where they are zero; options may be NULL. */
ad_check_options ad_check_defaults(const ad_check_options *options);

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

/* ---- slopes against differences ----------------------------------------------------------- */

typedef struct ad_checking {
    const char *name; /* of the check, for messages */
    const ad_model *d;
    ad_model_function *f;
    const void *env;
    ad_check_options o;
    ad_tape *t;
    bool own_tape;        /* may be reset at any time */
    void *at;             /* the point: a struct of arrays whose numbers may be written */
    const void *gradient; /* a struct of arrays */
    void *tensors;
    ad_type type; /* of the result: what it is rounded to */
    double value; /* of the function, weighted */
    double least; /* slopes below this are nothing */
    ad_random places;
    ad_check_report report;
    double worst_error; /* of those that are wrong */
    ad_error worst;     /* its message */
} ad_checking;

/* The function at c->at, weighted: NaN with an error on the tape. Out of an operation's domain it is NaN,
 * and no error if the tape may be reset. */
double ad_checking_value(ad_checking *c);

/* The same with its gradient. An error is on the tape. */
ad_status ad_checking_differentiate(ad_checking *c, void *gradient);

/* What is claimed to be the slope of the function as something moves. */
typedef struct ad_claim {
    const char *what;
    double slope;
    double least;    /* slopes below this are nothing */
    double size;     /* of what moves */
    ad_type type;    /* to which it is rounded */
    ad_curve *moved; /* the function, with the thing moved by h */
    void *user;
} ad_claim;

/* Compares with differences. */
void ad_checking_judge(ad_checking *c, const ad_claim *claim);
double ad_checking_tolerance(const ad_checking *c);

/* Sets c->least from the largest number of the gradient. */
void ad_checking_measure(ad_checking *c);

/* Of the i-th number of a, which is an array of c->at. One that is small among the others of its array is
 * moved no less than they. */
void ad_checking_judge_number(ad_checking *c, const char *path, ad_array *a, size_t i);

/* The tape's failure; the tape's failure or the worst number, if there is one. */
ad_status ad_checking_failure(const ad_checking *c, ad_error *error);
ad_status ad_checking_conclude(const ad_checking *c, ad_error *error);

/* The array of another struct of the model at the place of a, which is one of c->at. */
static inline ad_array *ad_beside(const ad_checking *c, const ad_array *a, const void *other)
{
    return (ad_array *)((uintptr_t)other + ((uintptr_t)a - (uintptr_t)c->at));
}

#endif
