/* Programs of the entries of sparse Jacobians and Hessians: what users call. */
#include "program/entries.h"

ad_program *ad_program_sparse_jacobian(const ad_program *p, size_t count, const size_t *by,
                                       ad_sparsity **pattern, ad_error *error)
{
    if (!ad_columns_check(p, count, by, "program_sparse_jacobian", error))
        return NULL;
    const ad_rows_wanted all = {
        .name = "program_sparse_jacobian", .program = p, .count = count, .by = by};
    return ad_entries_program(&all, NULL, pattern, error);
}

ad_program *ad_program_sparse_hessian(const ad_program *p, size_t count, const size_t *by,
                                      ad_sparsity **pattern, ad_error *error)
{
    if (!ad_columns_check(p, count, by, "program_sparse_hessian", error))
        return NULL;
    ad_sparsity *s = ad_program_hessian_sparsity(p, count, by, error);
    ad_program *gradient = s ? ad_program_gradient(p, count, by, error) : NULL;
    const ad_rows_wanted lower = {.name = "program_sparse_hessian",
                                  .program = gradient,
                                  .count = count,
                                  .by = by,
                                  .first = 1,
                                  .triangle = true};
    ad_program *made = gradient ? ad_entries_program(&lower, s, NULL, error) : NULL;
    ad_program_free(gradient);
    if (made && pattern)
        *pattern = s;
    else
        ad_sparsity_free(s);
    return made;
}
