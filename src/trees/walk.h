/* Walking models: every array of a description in order of declaration, and what the functions
 * of model.h share: messages that name the field, and results that appear all at once. */
#ifndef ADZE_TREES_WALK_H
#define ADZE_TREES_WALK_H

#include "adze/model.h"

/* ---- the walk ----------------------------------------------------------------------- */

/* Where a walk stands: at an array, wherever the structs that hold it may lie. */
typedef struct ad_site {
    const struct ad_site *parent; /* NULL: at the whole model */
    const ad_model *model;
    const ad_field *field;  /* which of the parent's; NULL without a parent */
    size_t index;           /* in an array of fields */
    size_t arrays, tensors; /* bytes from the start of the structs */
} ad_site;

/* Calls visit for every array; stops at the first status that is not AD_OK, and returns it. */
typedef ad_status ad_site_visitor(void *user, const ad_site *s);
ad_status ad_tree_walk(const ad_model *d, ad_site_visitor *visit, void *user);

/* How many arrays a model has, and its tensors as a list, in order of declaration. */
int ad_model_count(const ad_model *d);
void ad_model_list(const ad_model *d, const void *tensors, ad_tensor *list);

ad_array *ad_site_array(const ad_site *s, const void *arrays);
ad_tensor *ad_site_tensor(const ad_site *s, const void *tensors);

enum { AD_PATH_SIZE = 128 };

/* Writes "mlp.layer[2].w", or without its root "layer[2].w", cut to fit. Returns its length, or text. */
size_t ad_site_write(const ad_site *s, bool root, char text[AD_PATH_SIZE]);
char *ad_site_print(const ad_site *s, bool root, char text[AD_PATH_SIZE]);

/* ---- checks that name the field ----------------------------------------------------- */

/* verb is who asks, role which of the structs it is about: "the velocity", or "". */
ad_status ad_check_held(const ad_site *s, const ad_array *a, const char *verb, const char *role,
                        ad_error *error);
ad_status ad_check_float(const ad_site *s, const ad_array *a, const char *verb, ad_error *error);
ad_status ad_check_equal(const ad_site *s, const ad_array *a, const ad_array *other,
                         const char *verb, const char *role, ad_error *error);

/* All arrays of a model hold numbers of one float type. */
ad_status ad_check_one_type(const ad_model *d, const void *model, const char *verb,
                            ad_error *error);

/* ---- results ------------------------------------------------------------------------ */

/* Tells what the array of a result has to be like, and with which allocator it is made. */
typedef ad_status ad_likeness(const void *user, const ad_site *s, ad_array *like, ad_error *error);

/* The likeness to a model, whose struct of arrays is user. */
ad_status ad_like_model(const void *user, const ad_site *s, ad_array *like, ad_error *error);

/* A struct that receives results. Those of its arrays that hold nothing are made aside, and
 * put in their places once nothing can fail any more. */
typedef struct ad_result {
    const ad_model *d;
    void *target;            /* struct of arrays */
    const char *verb, *role; /* for messages */
    ad_likeness *like;
    const void *user; /* for like */
    ad_error *error;
    ad_array aside; /* bytes of the arrays made aside; holds nothing where there are none */
    size_t missing, next;
} ad_result;

/* Checks the arrays that the target has and makes the others. A failure leaves nothing behind;
 * success is followed by one of the other two. */
ad_status ad_result_prepare(ad_result *r);
void ad_result_commit(ad_result *r);
void ad_result_abandon(ad_result *r);

/* A result that is copied from views, one for each array in order of declaration. */
typedef struct ad_delivery {
    const ad_model *d;
    const ad_view *from;
    void *target; /* struct of arrays */
    const char *verb, *role;
    ad_error error;
    ad_result result;
} ad_delivery;

/* As those of results, with an error on the tape. The commit copies. */
bool ad_delivery_prepare(ad_delivery *v, ad_tape *t);
void ad_delivery_commit(ad_delivery *v);

#endif
