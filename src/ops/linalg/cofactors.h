/* Cofactors of matrices that may be singular. */
#ifndef ADZE_OPS_LINALG_COFACTORS_H
#define ADZE_OPS_LINALG_COFACTORS_H

#include "ops/linalg/linalg.h"

/* The gradients of determinants, and their tangents along tx. */
ad_matrices ad_any_cofactors(ad_workspace *work, const ad_view *a);
ad_matrices ad_any_bent_cofactors(ad_workspace *work, const ad_view *a, const ad_view *tx);

#endif
