# Writes the data of these oracles; run once, in this folder: Rscript simulate.R
#
# apistrat.csv, apisrs.csv: the Academic Performance Index of Californian schools, 1999 and 2000 (California Department
# of Education), stratified and simple random samples of 200 of the 6,194 schools, as `data(api)` of R's survey package.
# predictions.csv: 400 simulated predictions of a binary model, of one with three classes and of one that predicts an
# amount of money, with truths, a Poisson draw, the labels of a reviewer who errs, and their adjudication.

suppressMessages(library(survey))
data(api)
schools <- with(apistrat, data.frame(stype, pw, api99, api00, enroll, tested = api.stu, met_target = sch.wide))
write.csv(schools, "apistrat.csv", row.names = FALSE, quote = FALSE)
write.csv(apisrs[c("pw", "api00")], "apisrs.csv", row.names = FALSE, quote = FALSE)

set.seed(41, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
N <- 400
chance <- function(p) as.integer(runif(N) < p)

logit <- sample(seq(-3.25, 3.35, by = 0.6), N, replace = TRUE) # at the middle of bins, so that rounding moves no score to another bin
score <- plogis(logit)
truth <- chance(plogis(0.8 * logit - 0.2))
predicted <- as.integer(score >= 0.5)
baseline <- abs(as.integer(logit > 1) - chance(0.05))
amount <- round(10 * exp(rnorm(N, sd = 0.8)), 2)
cost <- round(amount * (1 + 0.3 * rnorm(N)) + 2, 2)
part <- sample(0:2, N, replace = TRUE, prob = c(0.5, 0.3, 0.2))
pi <- pmin(1, round(0.15 + 1.6 * score * (1 - score) + ifelse(amount > 25, 1, 0), 2))
drawn <- chance(pi)
label <- ifelse(runif(N) < 0.3, predicted, truth)
q <- ifelse(pi == 1, 1, ifelse(label == predicted, 0.3, 0.9))
adjudicated <- drawn * chance(q)

category <- sample(0:2, N, replace = TRUE, prob = c(0.5, 0.3, 0.2))
top_logit <- sample(seq(-0.25, 2.75, by = 0.6), N, replace = TRUE)
is_right <- chance(plogis(0.7 * top_logit + 0.3))
true_category <- ifelse(is_right == 1, category, (category + 1 + chance(0.3)) %% 3)

predictions <- data.frame(
  score = round(score, 6), predicted, baseline, truth, part, pi, drawn, label, q, adjudicated, amount, cost,
  category, top = round(plogis(top_logit), 6), true_category
)
write.csv(predictions, "predictions.csv", row.names = FALSE, quote = FALSE)
