# One image for web, worker, beat and set-up; compose.yaml shows which command each runs.
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 CORTX_VAR=/var/lib/cortx
WORKDIR /srv/cortx

COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY manage.py ./
COPY cortx cortx
COPY records records
COPY rulepacks rulepacks
COPY tenants tenants
COPY templates templates
COPY static static

RUN useradd --system --home-dir /var/lib/cortx --create-home cortx
USER cortx
VOLUME /var/lib/cortx
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--http", "1", "--host", "0.0.0.0", "--port", "8000", "--blocking-threads", "512", "cortx.wsgi:application"]
