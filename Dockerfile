# One image for web, worker, beat and migrations; docker-compose.yml has their commands.
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml uv.lock ./
COPY clients clients
# Dependency groups serve development: here, database and broker are containers of their own.
RUN uv sync --frozen --all-extras --no-default-groups --compile-bytecode --no-cache --python /usr/local/bin/python
COPY . .
ENV PATH=/app/.venv/bin:$PATH
# Placeholders: collecting files needs settings but no servers. The folder tells the settings to hash names.
RUN mkdir staticfiles && COUNTERSIGN_SECRET_KEY=for-the-build DATABASE_URL=postgresql:///none REDIS_URL=redis://none \
    python manage.py collectstatic --no-input

FROM python:3.13-slim
# LightGBM needs OpenMP of the system; libseccomp seals the processes of model files.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 libseccomp2 && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 countersign
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    COUNTERSIGN_BIND=0.0.0.0 \
    COUNTERSIGN_LOG_JSON=1
USER countersign
EXPOSE 8000
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi:application"]
