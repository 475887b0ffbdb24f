# The figures that R's survey package computes from the rows in this folder: Rscript figures.R writes figures.csv.
# All designs are Poisson except where a name says otherwise; standard errors are Horvitz and Thompson's.

suppressMessages(library(survey))
figures <- NULL

note <- function(name, value, se = NA, low = NA, high = NA) {
  figures <<- rbind(figures, data.frame(name, value = c(value), se = c(se), low, high))
}

note_stat <- function(name, stat) note(name, as.numeric(coef(stat)), as.numeric(SE(stat)))

poisson <- function(rows, pi) svydesign(ids = ~1, probs = ~pi, data = cbind(rows, pi), pps = poisson_sampling(pi))

# Degrees of freedom of our t quantile: those of the terms of the variance of a linearized mean or total, at most those
# that the design leads to expect, plus ten.
degrees <- function(influence, pi, most = Inf) {
  terms <- (1 - pi) * (influence / pi)^2
  min(sum(terms)^2 / sum(terms^2), most) + 10
}

# The latter for Hajek's mean of a share, from moments over the drawn rows and one more of the largest variance.
expected_degrees <- function(influence, pi) {
  n <- length(pi)
  moment <- function(power) (n * weighted.mean(influence^power, 1 / pi) + 2^-power) / (n + 1)
  odds <- (1 - pi) / pi^2
  (sum(odds) * moment(2))^2 / (sum(odds^2) * moment(4))
}

# ---- Schools ---------------------------------------------------------------------------------------------------------

schools <- read.csv("apistrat.csv")
N <- 6194
design <- poisson(schools, 1 / schools$pw)
note_stat("schools: mean api00", svymean(~api00, design))
note_stat("schools: total enroll", svytotal(~enroll, design))
ratio <- svyratio(~tested, ~enroll, design)
note("schools: tested per enrolled", coef(ratio), SE(ratio))
for (type in c("E", "H", "M")) {
  note_stat(paste("schools: mean api00 of type", type), svymean(~api00, subset(design, stype == type)))
}

share <- svyciprop(~ I(met_target == "Yes"), design, method = "logit")
influence <- (schools$met_target == "Yes") - coef(share)
df <- degrees(influence, 1 / schools$pw, expected_degrees(influence, 1 / schools$pw))
share <- svyciprop(~ I(met_target == "Yes"), design, method = "logit", df = df)
ends <- attr(share, "ci")
note("schools: share that met the target", coef(share), SE(share), ends[1], ends[2])

# Regression estimator. The standard error is that of the residuals with weights 1/pi. calibrate() of survey 4.1.1 gives
# the same value, but for a Poisson design its error is that of the values, not of the residuals (9.44 instead of 1.90).
known <- c(`(Intercept)` = N, stypeH = 755, stypeM = 1018, api99 = 3914069)
for (column in c("api00", "enroll")) {
  fit <- lm(reformulate(c("stype", "api99"), column), schools, weights = pw)
  calibrated <- svytotal(reformulate(column), calibrate(design, ~ stype + api99, known))
  residual <- svytotal(~e, poisson(data.frame(e = resid(fit)), 1 / schools$pw))
  note(paste("schools: regression estimate of", column), coef(calibrated) / N, SE(residual) / N)
}

# ---- Metrics of a model ----------------------------------------------------------------------------------------------

metrics <- list(
  accuracy = quote((tp + tn) / (tp + fp + fn + tn)),
  precision = quote(tp / (tp + fp)),
  recall = quote(tp / (tp + fn)),
  specificity = quote(tn / (tn + fp)),
  f1 = quote(2 * tp / (2 * tp + fp + fn)),
  balanced_accuracy = quote((tp / (tp + fn) + tn / (tn + fp)) / 2),
  mcc = quote((tp * tn - fp * fn) / sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))),
  kappa = quote(2 * (tp * tn - fn * fp) / ((tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))),
  jaccard = quote(tp / (tp + fp + fn))
)

# The four cells of a confusion matrix, from predictions (0 or 1) and anything that stands for the truth.
corners <- function(predicted, truth, one = 1) {
  data.frame(
    tp = predicted * truth, fp = predicted * (one - truth),
    fn = (1 - predicted) * truth, tn = (1 - predicted) * (one - truth)
  )
}

totals <- function(columns, design) {
  design$variables <- columns
  svytotal(reformulate(names(columns)), design)
}

# Add known totals to estimated ones; the covariance stays the same.
plus <- function(stat, known) {
  stat[] <- as.numeric(stat) + as.numeric(known)
  stat
}

note_formulas <- function(section, stat, formulas) {
  for (name in names(formulas)) note_stat(paste0(section, ": ", name), svycontrast(stat, formulas[[name]]))
}

all_rows <- read.csv("predictions.csv")
N <- nrow(all_rows)
rows <- subset(all_rows, drawn == 1)
design <- poisson(rows[names(rows) != "pi"], rows$pi)

# ---- No score: Horvitz and Thompson, Hájek ---------------------------------------------------------------------------

note_stat("no score: total of truths", svytotal(~truth, design))
note_stat("no score: total cost", svytotal(~cost, design))
note_stat("no score: mean cost", svymean(~cost, design))
ratio <- svyratio(~cost, ~amount, design)
note("no score: cost per amount", coef(ratio), SE(ratio))
note_formulas("no score", totals(with(rows, corners(predicted, truth)), design), metrics)

right <- update(design, right = as.numeric(predicted == truth), apart = as.numeric(predicted != baseline))
right <- update(right, worth = ifelse(predicted == 1, ifelse(truth == 1, 1, -0.25), ifelse(truth == 1, -1, 0)) * amount)
note_stat("no score: mean value", svymean(~worth, right))
wins <- svyratio(~ I(right * apart), ~apart, right)
note("no score: win rate", coef(wins), SE(wins))
rate <- mean(all_rows$predicted != all_rows$baseline) # known without labels
gain <- svymean(~ I(2 * right - 1), subset(right, apart == 1))
note("no score: accuracy difference", rate * coef(gain), rate * SE(gain))
by_part <- svyby(~right, ~part, right, svymean)
note(paste("no score: accuracy of part", by_part$part), by_part$right, by_part$se)
by_part <- svyby(~ I(right * predicted), ~part, denominator = ~predicted, right, svyratio)
note(paste("no score: precision of part", by_part$part), by_part[[2]], by_part[[3]])
share <- svyciprop(~right, right, method = "logit")
influence <- (rows$predicted == rows$truth) - coef(share)
df <- degrees(influence, rows$pi, expected_degrees(influence, rows$pi))
share <- svyciprop(~right, right, method = "logit", df = df)
ends <- attr(share, "ci")
note("no score: accuracy, logit interval", coef(share), SE(share), ends[1], ends[2])

# ---- With a score: the difference estimator, its proxy fitted here ---------------------------------------------------

# The middle of a score's bin, one of 200 on [-10, 10].
middle <- function(score) floor((qlogis(score) + 10) * 10) / 10 - 9.95

# Weighted logistic fit by Newton's method, under the prior N((0, 1), diag(1, 1/4)) on intercept and slope.
platt <- function(score, truth, pi) {
  x <- cbind(1, middle(score))
  w <- (1 / pi) / mean(1 / pi)
  precision <- diag(c(1, 4))
  b <- c(0, 1)
  for (step in 1:50) {
    m <- as.vector(plogis(x %*% b))
    slope <- crossprod(x, w * (truth - m)) - precision %*% (b - c(0, 1))
    b <- as.vector(b + solve(crossprod(x, w * m * (1 - m) * x) + precision, slope))
  }
  b
}

expected <- function(fit, score) plogis(fit[1] + fit[2] * middle(score))

fit <- platt(rows$score, rows$truth, rows$pi)
note("score: intercept of the proxy", fit[1])
note("score: slope of the proxy", fit[2])
all_rows$m <- expected(fit, all_rows$score)
rows$e <- rows$truth - expected(fit, rows$score)

of_cells <- with(all_rows, corners(predicted, m))
moved <- with(rows, corners(predicted, e, one = 0))
measured <- plus(totals(moved, design), colSums(of_cells))
note_formulas("score", measured, metrics)
for (each in 0:2) {
  there <- plus(totals(moved * (rows$part == each), design), colSums(of_cells[all_rows$part == each, ]))
  note_formulas(paste("score, part", each), there, metrics[c("accuracy", "precision", "recall", "f1")])
}

# A share's interval on the logit scale with our degrees of freedom, within what the certain rows leave possible.
influence <- with(rows, (2 * predicted - 1) * e)
least <- with(subset(rows, pi == 1), sum(predicted == truth)) / N
most <- least + 1 - sum(rows$pi == 1) / N
logit <- svycontrast(measured, bquote(log((.(metrics$accuracy) - .(least)) / (.(most) - .(metrics$accuracy)))))
inside <- function(logit) least + (most - least) * plogis(logit)
ends <- inside(confint(logit, df = degrees(influence, rows$pi)))
note("score: accuracy, logit interval", inside(coef(logit)), NA, ends[1], ends[2])

# Linear in the truth: the sum of c + (slope)y over the population, plus the corrections from the drawn rows.
linear <- function(name, certain, slope) {
  known <- sum(certain(all_rows) + slope(all_rows) * all_rows$m)
  found <- plus(totals(data.frame(sum = slope(rows) * rows$e), design), known)
  note(name, coef(found) / N, SE(found) / N)
}
linear("score: brier", function(at) at$score^2, function(at) 1 - 2 * at$score)
linear("score: log_loss", function(at) -log(1 - at$score), function(at) -qlogis(at$score))
linear(
  "score: mean value",
  function(at) -0.25 * at$amount * at$predicted,
  function(at) at$amount * ifelse(at$predicted == 1, 1.25, -1)
)
linear(
  "score: accuracy difference",
  function(at) at$baseline - at$predicted,
  function(at) 2 * (at$predicted - at$baseline)
)

# Ranking: a function of the positives at each score, which has n predictions.
scores <- sort(unique(all_rows$score))
n <- sapply(scores, \(s) sum(all_rows$score == s))
at_score <- as.data.frame(outer(rows$score, scores, "==") * rows$e)
positives <- plus(totals(at_score, design), sapply(scores, \(s) sum(all_rows$m[all_rows$score == s])))
yes <- lapply(names(at_score), as.name)
no <- Map(\(n, yes) bquote(.(n) - .(yes)), n, yes)
sum_of <- function(terms) Reduce(\(a, b) bquote(.(a) + .(b)), terms)
below <- function(x, k) sum_of(c(x[seq_len(k - 1)], bquote(0.5 * (.(x[[k]])))))
above <- function(x, k) sum_of(c(bquote(0.5 * .(x[[k]])), x[seq_along(x) > k]))
pairs <- lapply(seq_along(scores), \(k) bquote(.(yes[[k]]) * (.(below(no, k)))))
hits <- lapply(seq_along(scores), \(k) bquote(.(yes[[k]]) * (.(above(yes, k))) / .(eval(above(n, k)))))
note_formulas("score", positives, list(
  auc = bquote((.(sum_of(pairs))) / ((.(sum_of(yes))) * (.(sum_of(no))))),
  average_precision = bquote((.(sum_of(hits))) / (.(sum_of(yes))))
))

# ---- A small domain: six labels for 24 predictions, one of them of an error ------------------------------------------

is_small <- function(at) at$part == 0 & at$amount < 4
stopifnot(sum(is_small(rows)) == 6, sum(is_small(all_rows)) == 24)
small <- subset(right, part == 0 & amount < 4)
note_stat("six labels: total of truths", svytotal(~truth, small))
note_stat("six labels: total cost", svytotal(~cost, small))
note_stat("six labels: mean cost", svymean(~cost, small))
note_stat("six labels: accuracy", svymean(~right, small))
ratio <- svyratio(~cost, ~amount, small)
note("six labels: cost per amount", coef(ratio), SE(ratio))
there <- plus(totals(moved * is_small(rows), design), colSums(of_cells[is_small(all_rows), ]))
note_formulas("six labels, score", there, metrics[c("accuracy", "precision", "recall", "f1")])

# ---- Two phases: reviewers' labels, some of them adjudicated ---------------------------------------------------------

# Every drawn item appears once with its label, and every adjudicated one again with the adjudicator's change. The two
# appearances of an item have inclusion probabilities pi and pi q, and pi q jointly.
stack <- function(first, second) rbind(first, second[rows$adjudicated == 1, , drop = FALSE])
item <- c(seq_len(nrow(rows)), which(rows$adjudicated == 1))
phase <- rep(1:2, c(nrow(rows), sum(rows$adjudicated)))
chance <- rows$pi[item] * ifelse(phase == 2, rows$q[item], 1)
joint <- ifelse(outer(item, item, "=="), outer(chance, chance, pmin), outer(chance, chance))
stacked <- svydesign(ids = ~1, probs = ~chance, data = data.frame(chance), pps = ppsmat(joint))

change <- with(rows, corners(predicted, truth - label, one = 0))
truths <- with(rows, stack(data.frame(y = label), data.frame(y = truth - label)))
note_stat("two phases: total of truths", totals(truths, stacked))
note_formulas("two phases, no score", totals(with(rows, stack(corners(predicted, label), change)), stacked), metrics)
fit <- with(rows, platt(score, ifelse(adjudicated == 1, truth, label), pi))
all_rows$m <- expected(fit, all_rows$score)
first <- with(rows, corners(predicted, label - expected(fit, score), one = 0))
found <- plus(totals(stack(first, change), stacked), with(all_rows, colSums(corners(predicted, m))))
note_formulas("two phases, score", found, metrics)

# The adjudicated items alone are a Poisson sample with probability pi q. twophase() has no Poisson phases: it takes both
# sizes as fixed.
settled <- subset(rows, adjudicated == 1)
settled <- poisson(settled[names(settled) != "pi"], settled$pi * settled$q)
note_stat("two phases, settled alone: total of truths", svytotal(~truth, settled))
note_stat("two phases, settled alone: mean cost", svymean(~cost, settled))
ratio <- svyratio(~cost, ~amount, settled)
note("two phases, settled alone: cost per amount", coef(ratio), SE(ratio))
two <- twophase(
  id = list(~1, ~1), probs = list(~pi, ~q), subset = ~ I(adjudicated == 1), data = rows, method = "full"
)
note_stat("two phases by twophase(): total of truths", svytotal(~truth, two))

# Two random samples of fixed size, by twophase() itself: the schools as if drawn from 800, with three in four of each
# type measured.
schools$measured <- ave(seq_len(nrow(schools)), schools$stype, FUN = seq_along) %% 4 != 0
schools$all <- 4 * nrow(schools)
schools$row <- seq_len(nrow(schools))
two <- twophase(
  id = list(~row, ~row), strata = list(NULL, ~stype), fpc = list(~all, NULL), subset = ~measured, data = schools,
  method = "full"
)
note_stat("two phases by twophase(): mean api00", svymean(~api00, two))

# ---- A number: losses by their expectation in bins -------------------------------------------------------------------

bin <- function(at) findInterval(at$amount, c(5, 10, 20))
weight <- (1 / rows$pi) / mean(1 / rows$pi)
losses <- list(
  mae = \(y, f) abs(f - y), mse = \(y, f) (f - y)^2, bias = \(y, f) f - y, square = \(y, f) y^2, truth = \(y, f) y
)
shrunk <- function(total, count, towards) (total + 5 * towards) / (count + 5)
# The residual of a row is its loss less what the other rows expect of it; a certain row stands for itself.
of_loss <- function(loss) {
  values <- loss(rows$cost, rows$amount)
  at <- bin(rows) + 1
  total <- as.vector(tapply(weight * values, at, sum))
  count <- as.vector(tapply(weight, at, sum))
  by_bin <- shrunk(total, count, weighted.mean(values, weight))
  others <- (sum(weight * values) - weight * values) / (sum(weight) - weight)
  without <- shrunk(total[at] - weight * values, count[at] - weight, others)
  list(
    known = sum(by_bin[bin(all_rows) + 1]) / N,
    residual = (values - ifelse(rows$pi == 1, by_bin[at], without)) / N
  )
}
parts <- lapply(losses, of_loss)
means <- plus(totals(as.data.frame(lapply(parts, `[[`, "residual")), design), sapply(parts, `[[`, "known"))
note_formulas("number", means, list(
  mae = quote(mae), mse = quote(mse), bias = quote(bias), rmse = quote(sqrt(mse)),
  r2 = quote(1 - mse / (square - truth^2))
))

# ---- Three classes ---------------------------------------------------------------------------------------------------

is_class <- function(values) outer(values, 0:2, "==") + 0
chances <- lapply(0:2, \(c) with(subset(rows, category == c), platt(top, true_category == c, pi)))
instead <- 0.5 + t(sapply(0:2, \(c) colSums((weight * is_class(rows$true_category))[rows$category == c, ])))
diag(instead) <- 0
instead <- instead / rowSums(instead)
expected_class <- function(at) {
  own <- sapply(seq_len(nrow(at)), \(i) expected(chances[[at$category[i] + 1]], at$top[i]))
  is_class(at$category) * own + (1 - own) * instead[at$category + 1, ]
}
place <- expand.grid(said = 0:2, true = 0:2)
names_of <- paste0("c", place$said, place$true)
in_table <- function(at, m) {
  setNames(as.data.frame(is_class(at$category)[, place$said + 1] * m[, place$true + 1]), names_of)
}
table <- plus(
  totals(in_table(rows, is_class(rows$true_category) - expected_class(rows)), design),
  colSums(in_table(all_rows, expected_class(all_rows)))
)
cell <- function(said, true) as.name(paste0("c", said, true))
said <- function(c) sum_of(lapply(0:2, \(k) cell(c, k)))
true <- function(c) sum_of(lapply(0:2, \(k) cell(k, c)))
f1_of <- function(c) bquote(2 * .(cell(c, c)) / (.(said(c)) + .(true(c))))
hit <- sum_of(lapply(0:2, \(c) cell(c, c)))
by_chance <- sum_of(lapply(0:2, \(c) bquote((.(said(c))) * (.(true(c))) / .(N^2))))
note_formulas("classes", table, list(
  accuracy = bquote((.(hit)) / .(N)),
  `precision of class 1` = bquote(c11 / (.(said(1)))),
  `recall of class 2` = bquote(c22 / (.(true(2)))),
  `macro f1` = bquote((.(sum_of(lapply(0:2, f1_of)))) / 3),
  kappa = bquote(((.(hit)) / .(N) - (.(by_chance))) / (1 - (.(by_chance))))
))

figures[-1] <- lapply(figures[-1], signif, digits = 12)
write.csv(figures, "figures.csv", row.names = FALSE, na = "")
