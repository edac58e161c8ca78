// Small operations, the lesson's network and numbers one by one in ADOL-C: a tape of scalar
// operations, recorded anew each time as adze's is, in f64.
#include "measuring.hpp"
#include "numbers.hpp"

#include <adolc/adolc.h>
#include <adolc/adolc_sparse.h>
#ifdef WITH_COLPACK
#include <ColPack/ColPackHeaders.h>
#endif

static const short TAG = 0;

static adouble greater_of(const adouble &a, const adouble &b)
{
    adouble most;
    condassign(most, b - a, b, a);
    return most;
}

static double chain_gradient(int ops)
{
    const double value[3] = {0.5, 1, 1e-6};
    double y, u = 1, gradient[3];
    trace_on(TAG, 1);
    adouble x, a, b, result;
    x <<= value[0];
    a <<= value[1];
    b <<= value[2];
    result = measuring::chain(x, a, b, ops);
    result >>= y;
    trace_off();
    reverse(TAG, 1, 3, 0, &u, gradient);
    return gradient[0];
}

class Step
{
  public:
    Step() : p(measuring::initial_parameters()), gradient(p.size()), x(measuring::inputs, 0.5)
    {
    }

    void run()
    {
        double y, u = 1;
        trace_on(TAG, 1);
        {
            std::vector<adouble> w(p.size());
            for (std::size_t i = 0; i < p.size(); i++)
                w[i] <<= p[i];
            adouble loss = measuring::loss_of(w.data(), x.data(), 3.0);
            loss >>= y;
        }
        trace_off();
        reverse(TAG, 1, measuring::parameters, 0, &u, gradient.data());
        for (std::size_t i = 0; i < p.size(); i++)
            p[i] -= measuring::rate * gradient[i];
    }

  private:
    std::vector<double> p, gradient, x;
};

// ---- numbers one by one ----------------------------------------------------------------

// Up to so many operations are recorded in the buffers of FEW.
constexpr double FEW = 60000;

// With buffers so large that no tape goes to a file, but not much larger: replays touch them anew.
static void begin(double operations)
{
    unsigned room = 1u << 19;
    while (room < 8 * operations && room < 1u << 26)
        room *= 2;
    trace_on(TAG, 1, room, room, room, room);
}

// Records f of n numbers, which has m results, and returns nothing but the tape.
template <typename F>
static void record(std::size_t n, const double *at, std::size_t m, const F &f,
                   double operations = FEW)
{
    double value;
    begin(operations);
    {
        std::vector<adouble> x(n), y(m);
        for (std::size_t i = 0; i < n; i++)
            x[i] <<= at[i];
        f(x.data(), y.data());
        for (adouble &each : y)
            each >>= value;
    }
    trace_off();
}

template <typename F>
static void gradient_of(const F &f, std::size_t n, const double *at, double *gradient,
                        double operations = FEW)
{
    double u = 1;
    record(
        n, at, 1, [&](adouble *x, adouble *y) { y[0] = f(x); }, operations);
    reverse(TAG, 1, static_cast<int>(n), 0, &u, gradient);
}

// Rows of a matrix, as ADOL-C wants them.
class Rows
{
  public:
    Rows(std::size_t rows, std::size_t columns) : numbers(rows * columns)
    {
        for (std::size_t i = 0; i < rows; i++)
            row.push_back(&numbers[i * columns]);
    }

    double **get()
    {
        return row.data();
    }

  private:
    std::vector<double> numbers;
    std::vector<double *> row;
};

static void dag_gradient(const numbers::Dag &dag, double *gradient)
{
    double y, u = 1;
    begin(DAG_NUMBERS);
    {
        std::vector<adouble> x(DAG_NUMBERS);
        for (std::size_t i = 0; i < DAG_INPUTS; i++)
            x[i] <<= dag.value[i];
        dag.sum(x.data()) >>= y;
    }
    trace_off();
    reverse(TAG, 1, DAG_INPUTS, 0, &u, gradient);
}

static void bundle_jacobian(const numbers::Bundle &b, Rows &rows, Rows &weights)
{
    for (std::size_t i = 0; i < BA_SEEN; i++) {
        double in[BA_INPUTS];
        b.inputs_of(i, in);
        record(BA_INPUTS, in, BA_ERRORS, [&](adouble *x, adouble *y) { b.errors(i, x, y); });
        fov_reverse(TAG, BA_ERRORS, BA_INPUTS, BA_ERRORS, weights.get(), rows.get());
    }
}

static void measure_lotka(measuring::Peer &peer)
{
    numbers::Lotka lotka;
    double g[LV_PARAMETERS], y;
    Rows unit(LV_PARAMETERS, LV_PARAMETERS), result(LV_PARAMETERS, LV_PARAMETERS);
    for (int i = 0; i < LV_PARAMETERS; i++)
        unit.get()[i][i] = 1;
    auto loss = [&](adouble *p) { return lotka.loss(p); };
    auto both = [&](adouble *p, adouble *l) { *l = lotka.loss(p); };
    peer.measure("lotka_volterra", 1, [&] { gradient_of(loss, LV_PARAMETERS, lv_parameters, g); });
    record(LV_PARAMETERS, lv_parameters, 1, both);
    peer.measure("lotka_volterra_forward6", 1, [&] {
        fov_forward(TAG, 1, LV_PARAMETERS, LV_PARAMETERS, lv_parameters, unit.get(), &y,
                    result.get());
    });
    peer.measure("lotka_volterra_hessian", 1, [&] {
        record(LV_PARAMETERS, lv_parameters, 1, both);
        hessian(TAG, LV_PARAMETERS, const_cast<double *>(lv_parameters), result.get());
    });
}

static void measure_chains(measuring::Peer &peer)
{
    double g[CHAIN_INPUTS];
    for (const auto &c : numbers::chains())
        peer.measure(c.name, c.ops, [&] {
            gradient_of([&](adouble *x) { return numbers::chain(c, x); }, CHAIN_INPUTS,
                        chain_inputs, g, 2.0 * c.ops);
        });
}

static void measure_bundle(measuring::Peer &peer)
{
    numbers::Bundle bundle;
    Rows block(BA_ERRORS, BA_INPUTS), each(BA_ERRORS, BA_ERRORS);
    for (int j = 0; j < BA_ERRORS; j++)
        each.get()[j][j] = 1;
    peer.measure("ba1", 1, [&] { bundle_jacobian(bundle, block, each); });
}

static void measure_large(measuring::Peer &peer)
{
    const double many = 8e6; // operations
    std::vector<double> g(GMM_PARAMETERS);
    numbers::Lstm lstm;
    peer.measure("lstm_l2_c1024", 1, [&] {
        gradient_of([&](adouble *p) { return lstm.loss(p); }, LSTM_PARAMETERS, lstm.p.data(),
                    g.data(), many);
    });
    numbers::Gmm gmm;
    peer.measure("gmm_1k_d10_k25", 1, [&] {
        gradient_of([&](adouble *p) { return gmm.likelihood(p); }, GMM_PARAMETERS, gmm.p.data(),
                    g.data(), many);
    });
    numbers::Hand hand;
    Rows jacobian_of_hand(numbers::Hand::count, HAND_PARAMETERS);
    const double *at = hand.model[0].parameters;
    peer.measure("hand_simple", 1, [&] {
        record(
            HAND_PARAMETERS, at, numbers::Hand::count,
            [&](adouble *x, adouble *y) { hand.errors(x, y); }, many);
        jacobian(TAG, numbers::Hand::count, HAND_PARAMETERS, at, jacobian_of_hand.get());
    });
}

static void measure_dag(measuring::Peer &peer)
{
    std::vector<double> g(DAG_INPUTS);
    numbers::Dag dag;
    peer.measure("number_dag_1e6", DAG_NUMBERS, [&] { dag_gradient(dag, g.data()); });
}

// ---- programs: recorded once, and replayed ----------------------------------------------

static void measure_lotka_programs(measuring::Peer &peer)
{
    numbers::Lotka lotka;
    double g[LV_PARAMETERS];
    Rows second(LV_PARAMETERS, LV_PARAMETERS);
    double *at = const_cast<double *>(lv_parameters);
    auto both = [&](adouble *p, adouble *l) { *l = lotka.loss(p); };
    auto replay = [&] { gradient(TAG, LV_PARAMETERS, at, g); };
    peer.measure("program_lv_made", 1, [&] { record(LV_PARAMETERS, at, 1, both); });
    record(LV_PARAMETERS, at, 1, both);
    peer.measure("program_lv", 1, replay);
    peer.measure_cold("program_lv_cold", 1, replay);
    peer.measure("program_lv_exported", 1, replay);
    peer.measure("program_lv_hessian_exported", 1,
                 [&] { hessian(TAG, LV_PARAMETERS, at, second.get()); });
}

// The gradient of each point's likelihood is added up.
static void measure_gmm_program(measuring::Peer &peer)
{
    const int inputs = GMM_PARAMETERS + GMM_D;
    numbers::Gmm gmm;
    std::vector<double> in(inputs), g(inputs), sum(inputs);
    std::copy(gmm.p.begin(), gmm.p.end(), in.begin());
    record(in.size(), in.data(), 1,
           [](adouble *x, adouble *y) { *y = numbers::Gmm::point(x, x + GMM_PARAMETERS); });
    peer.measure("program_gmm", GMM_POINTS, [&] {
        for (int n = 0; n < GMM_POINTS; n++) {
            std::copy_n(&gmm.x[n * GMM_D], GMM_D, &in[GMM_PARAMETERS]);
            gradient(TAG, inputs, in.data(), g.data());
            for (int i = 0; i < GMM_PARAMETERS; i++)
                sum[i] += g[i];
        }
    });
}

static void measure_bundle_program(measuring::Peer &peer)
{
    numbers::Bundle b;
    double in[BA_RESIDUAL_INPUTS], y[BA_RESIDUALS];
    Rows unit(BA_RESIDUAL_INPUTS, BA_INPUTS), forward(BA_RESIDUALS, BA_INPUTS);
    for (int k = 0; k < BA_INPUTS; k++)
        unit.get()[k][k] = 1;
    b.residual_inputs(0, in);
    record(BA_RESIDUAL_INPUTS, in, BA_RESIDUALS,
           [](adouble *x, adouble *r) { numbers::Bundle::residual(x, x + BA_INPUTS, r); });
    auto replays = [&] {
        for (int i = 0; i < BA_MAPPED; i++) {
            b.residual_inputs(i, in);
            fov_forward(TAG, BA_RESIDUALS, BA_RESIDUAL_INPUTS, BA_INPUTS, in, unit.get(), y,
                        forward.get());
        }
    };
    peer.measure("program_ba", BA_MAPPED, replays);
    peer.measure("program_ba_exported", BA_MAPPED, replays);
}

// A pattern as ADOL-C and ColPack have it: a row is its length, then its columns.
class Pattern
{
  public:
    // Of a Jacobian.
    Pattern(int rows, int columns, const double *at) : row(rows)
    {
        int control[3] = {0, 0, 0};
        jac_pat(TAG, rows, columns, at, row.data(), control);
    }

    // Of a Hessian.
    Pattern(int columns, const double *at) : row(columns)
    {
        hess_pat(TAG, columns, at, row.data(), 0);
    }

    ~Pattern()
    {
        for (unsigned *each : row)
            delete[] each;
    }

    std::vector<unsigned *> row;
};

static void measure_pde_program(measuring::Peer &peer)
{
    const int n = PDE_POINTS;
    numbers::Pde pde;
    if (!peer.wants("program_pde_pattern") && !peer.wants("program_pde"))
        return;
    record(n, pde.u.data(), n, numbers::Pde::residual<adouble>);
    peer.measure("program_pde_pattern", 1, [&] { Pattern(n, n, pde.u.data()); });
#ifdef WITH_COLPACK
    int rows, colours;
    Pattern pattern(n, n, pde.u.data());
    ColPack::BipartiteGraphPartialColoringInterface graph(SRC_MEM_ADOLC, pattern.row.data(), n, n);
    graph.PartialDistanceTwoColoring("SMALLEST_LAST", "COLUMN_PARTIAL_DISTANCE_TWO");
    double **seed = graph.GetSeedMatrix(&rows, &colours);
    Rows product(n, colours);
    std::vector<double> r(n);
    peer.measure("program_pde", 1, [&] {
        fov_forward(TAG, n, n, colours, pde.u.data(), seed, r.data(), product.get());
    });
#endif
}

static void measure_pde_energy(measuring::Peer &peer)
{
#ifdef WITH_COLPACK
    const int n = PDE_POINTS;
    numbers::Pde pde;
    if (!peer.wants("program_pde_hessian"))
        return;
    // Sweeps keep five numbers of each operation.
    record(n, pde.u.data(), 1, numbers::Pde::energy<adouble>, 4 * FEW);
    int rows, colours;
    double **seed;
    Pattern pattern(n, pde.u.data());
    ColPack::GraphColoringInterface graph(SRC_MEM_ADOLC, pattern.row.data(), n);
    graph.GenerateSeedHessian(&seed, &rows, &colours, "SMALLEST_LAST", "STAR");
    Rows product(n, colours);
    peer.measure("program_pde_hessian", 1,
                 [&] { hess_mat(TAG, n, colours, pde.u.data(), seed, product.get()); });
#endif
}

// ADOL-C's sweeps pay for as many numbers as ever lived at once: those of few come first.
static void measure_all(measuring::Peer &peer)
{
    measure_chains(peer);
    measure_lotka(peer);
    measure_lotka_programs(peer);
    measure_bundle_program(peer);
    measure_bundle(peer);
    measure_gmm_program(peer);
    measure_large(peer);
    measure_pde_energy(peer);
    measure_pde_program(peer);
    Step step;
    peer.measure("step_b1", 1, [&step] { step.run(); });
    measure_dag(peer);
}

int main(int argc, char **argv)
{
    measuring::Peer peer("adolc", argc, argv);
    for (const auto &c : measuring::chains())
        peer.measure(c.name, c.ops, [&c] { chain_gradient(c.ops); });
    measure_all(peer);
    peer.tell();
}
