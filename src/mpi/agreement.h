/* One call by all ranks: its beginning, the agreement that all are well, its end. */
#ifndef ADZE_MPI_AGREEMENT_H
#define ADZE_MPI_AGREEMENT_H

#include "mpi/fields.h"

typedef enum ad_call {
    AD_CALL_AGREE,
    AD_CALL_VALUE_WITH_GRADIENT,
    AD_CALL_AVERAGE,
    AD_CALL_BROADCAST,
    AD_CALL_COMPARE,
    AD_CALL_SUM,
    AD_CALL_SCATTER,
} ad_call;

typedef struct ad_session {
    ad_mpi *m;
    const char *name; /* of the call */
    ad_word own;
    const ad_tree *tree; /* of the model that is compared, or NULL */
    const void *model;
    ad_field_kind *kinds, *first; /* [tree->arrays], of this rank and of rank 0 */
    ad_error error;               /* this rank's, then that of all */
} ad_session;

/* Begins with the failure that is given, which may be NULL. */
void ad_session_begin(ad_session *s, ad_mpi *m, ad_call call, const ad_error *given);

/* The fields of a model must be the same on all ranks; with `bits` their numbers, too. */
void ad_session_compare(ad_session *s, const ad_tree *tree, const void *model, bool bits);

/* Whether all ranks are well and call the same. All get the same answer. */
bool ad_session_agree(ad_session *s);

/* Whether all sums are finite. `infinite`: not those of this rank; `known`: these are the sums of
 * all ranks. If they are not, `look` says whether this rank's own numbers are finite. */
typedef void ad_look(void *user, ad_error *error);
bool ad_session_finite(ad_session *s, bool infinite, bool known, ad_look *look, void *user);

/* Fills in the caller's error, and returns its status. */
ad_status ad_session_end(ad_session *s, ad_error *error);

#endif
