/* Reads the file of rows whose name is ROWS twice, for functions and for the table of FAMILY. A row's
 * functions have its line in their names. */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define HERE(name)  JOIN(name, __LINE__)

/* A row may be without fields, but a macro's ... may not. */
#define OP(...)              OP_ROW(__VA_ARGS__, .none = 0)
#define UNARY(...)           UNARY_ROW(__VA_ARGS__, .none = 0)
#define BINARY(...)          BINARY_ROW(__VA_ARGS__, .none = 0)
#define BINARY_CASES(...)    BINARY_CASES_ROW(__VA_ARGS__, .none = 0)
#define TERNARY(...)         TERNARY_ROW(__VA_ARGS__, .none = 0)
#define LOSS(...)            LOSS_ROW(__VA_ARGS__, .none = 0)
#define REDUCTION(...)       REDUCTION_ROW(__VA_ARGS__, .none = 0)
#define REDUCTION_CASES(...) REDUCTION_CASES_ROW(__VA_ARGS__, .none = 0)
#define ALONG(...)           ALONG_ROW(__VA_ARGS__, .none = 0)
#define ALONG_CASES(...)     ALONG_CASES_ROW(__VA_ARGS__, .none = 0)
#define CASE(...)            CASE_ROW(__VA_ARGS__, .none = 0)
#define GRAPH(...)           GRAPH_ROW(__VA_ARGS__, .none = 0)
#define CALL(...)            CALL_ROW(__VA_ARGS__, .none = 0)
#define ORACLE               ORACLE_ROW
#define VALUES               VALUES_ROW
#define BAD                  BAD_ROW

/* ---- functions ----------------------------------------------------------------------------- */

/* Fields may hold complex expressions, so they are a function of complex numbers. */
#define FIELDS(...)                                                                          \
    static row_fields HERE(fields_)(double _Complex a, double _Complex b, double _Complex c) \
    {                                                                                        \
        const double _Complex x = a, p = a, t = b;                                           \
        (void)x, (void)p, (void)t, (void)c;                                                  \
        return (row_fields){__VA_ARGS__};                                                    \
    }
#define RESULT(y)                                                                 \
    static ad_tensor HERE(run_)(ad_tape * t, const ad_tensor *x, const void *env) \
    {                                                                             \
        (void)t, (void)x, (void)env;                                              \
        return y;                                                                 \
    }
#define BUILT(y)                                                                    \
    static ad_tensor HERE(build_)(ad_tape * t, const ad_tensor *x, uint64_t choice) \
    {                                                                               \
        (void)t, (void)choice;                                                      \
        return y;                                                                   \
    }
#define CALLED(y)                                    \
    static ad_tensor HERE(call_)(const ad_tensor *o) \
    {                                                \
        (void)o;                                     \
        return y;                                    \
    }

#define OP_ROW(op, ...)                        FIELDS(__VA_ARGS__)
#define UNARY_ROW(op, ...)                     FIELDS(__VA_ARGS__)
#define BINARY_ROW(op, ...)                    FIELDS(__VA_ARGS__)
#define BINARY_CASES_ROW(name, f, ...)         FIELDS(__VA_ARGS__)
#define TERNARY_ROW(op, ...)                   FIELDS(__VA_ARGS__)
#define LOSS_ROW(op, ...)                      FIELDS(__VA_ARGS__)
#define REDUCTION_ROW(op, f, ...)              FIELDS(__VA_ARGS__)
#define REDUCTION_CASES_ROW(name, all, f, ...) FIELDS(__VA_ARGS__)
#define ALONG_ROW(op, ...)                     FIELDS(__VA_ARGS__)
#define ALONG_CASES_ROW(name, f, ...)          FIELDS(__VA_ARGS__)
#define CASE_ROW(name, y, ...)                 RESULT(y) FIELDS(__VA_ARGS__)
#define VALUES_ROW(name, y, ...)               RESULT(y)
#define ORACLE_ROW(name, y)                    RESULT(y)
#define GRAPH_ROW(y, ...)                      BUILT(y) FIELDS(__VA_ARGS__)
#define CALL_ROW(function, y, ...)             CALLED(y) FIELDS(__VA_ARGS__)
#define BAD_ROW(op, y, status)                 CALLED(y)

#include ROWS

#undef OP_ROW
#undef UNARY_ROW
#undef BINARY_ROW
#undef BINARY_CASES_ROW
#undef TERNARY_ROW
#undef LOSS_ROW
#undef REDUCTION_ROW
#undef REDUCTION_CASES_ROW
#undef ALONG_ROW
#undef ALONG_CASES_ROW
#undef CASE_ROW
#undef VALUES_ROW
#undef ORACLE_ROW
#undef GRAPH_ROW
#undef CALL_ROW
#undef BAD_ROW

/* ---- the table ------------------------------------------------------------------------------- */

#define ROW(kind_, name_, ...)   {.kind = kind_, .name = name_, .fields = HERE(fields_), __VA_ARGS__},
#define PLAIN(kind_, name_, ...) {.kind = kind_, .name = name_, __VA_ARGS__},
#define NAME(op)                 &#op[sizeof "ad_" - 1]

#define OP_ROW(op, ...)              ROW(ROW_OP, NAME(op), .cases_only = false)
#define UNARY_ROW(op, ...)           ROW(ROW_UNARY, NAME(op), .unary = op)
#define BINARY_ROW(op, ...)          ROW(ROW_BINARY, NAME(op), .binary = op)
#define BINARY_CASES_ROW(of, f, ...) ROW(ROW_BINARY, #of, .binary = f, .cases_only = true)
#define TERNARY_ROW(op, ...)         ROW(ROW_TERNARY, NAME(op), .ternary = op)
#define LOSS_ROW(op, ...)            ROW(ROW_LOSS, NAME(op), .binary = op)
#define REDUCTION_ROW(op, f, ...)    ROW(ROW_REDUCTION, NAME(op), .unary = op, .over = f)
#define REDUCTION_CASES_ROW(of, f, g, ...) \
    ROW(ROW_REDUCTION, #of, .unary = f, .over = g, .cases_only = true)
#define ALONG_ROW(op, ...)          ROW(ROW_ALONG, NAME(op), .along = op)
#define ALONG_CASES_ROW(of, f, ...) ROW(ROW_ALONG, #of, .along = f, .cases_only = true)
#define CASE_ROW(of, result_, ...)  ROW(ROW_CASE, #of, .result = HERE(run_))
#define GRAPH_ROW(result_, ...)     ROW(ROW_GRAPH, NULL, .build = HERE(build_))
#define CALL_ROW(of, result_, ...)  ROW(ROW_CALL, #of, .call = HERE(call_))
#define VALUES_ROW(of, result_, ...) \
    PLAIN(ROW_VALUES, #of, .result = HERE(run_), .y = {__VA_ARGS__})
#define ORACLE_ROW(of, result_)     PLAIN(ROW_ORACLE, #of, .result = HERE(run_))
#define BAD_ROW(of, result_, error) PLAIN(ROW_BAD, #of, .call = HERE(call_), .status = error)

const op_row FAMILY[] = {
#include ROWS
    {.kind = ROW_END}};
