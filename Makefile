# 代表履职地图 · make help 列出全部命令
PYTHON ?= python3
export PYTHONUTF8 = 1

.DEFAULT_GOAL := help
.PHONY: help demo stop reset setup check test soak bench lock

help: ## 显示这份说明
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '变量（写在命令后面，例如 make demo PORT=8080）：'
	@echo '  PORT=8000  HOST=127.0.0.1    网站监听的端口和地址'
	@echo '  DATA_DIR=.local              全部本地数据：数据库、密钥、日志'
	@echo '  DATABASE_URL=postgresql://…  用自己的 PostGIS，不另起数据库'
	@echo '  SCALE=demo|full              示范县的规模：5 万或 30 万门牌'
	@echo '  COUNTY=六位代码 NAMES=文件    真实县的轮廓；乡镇、村名和代码的 CSV'
	@echo '  SEED=整数                    另长一个示范县'
	@echo '  SOAK_SECONDS=600             负载与故障跑多久'
	@echo '  QUICK=yes  JOBS="locate …"   性能比较：小规模；只做几项'

demo: python ## 一条命令看到全部：准备环境、生成并导入示范县、启动网站
	@$(PYTHON) -m ops demo

stop: python ## 停止网站、后台任务和数据库
	@$(PYTHON) -m ops stop

reset: python ## 停止并清空全部本地数据（先问一次；免问：CONFIRM=yes）
	@$(PYTHON) -m ops reset

setup: python ## 准备开发环境：依赖、浏览器、前端构建、数据库
	@$(PYTHON) -m ops setup

check: python ## 静态检查：风格、楼层、类型、迁移
	@$(PYTHON) -m ops check

test: python ## 静态检查和全部测试（真实的 PostGIS 和 Chromium）
	@$(PYTHON) -m ops test

soak: python ## 负载与故障：许多人同时使用，服务器一再被杀（默认 10 分钟）
	@$(PYTHON) -m ops soak

bench: python ## 引擎与同类工具在同一次运行里比较，改写性能表（约 40 分钟；小规模：QUICK=yes）
	@$(PYTHON) -m ops bench

lock: python ## 按 pyproject.toml 重写 requirements/；要升级到新版本：UPGRADE=yes
	@$(PYTHON) -m ops lock

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '需要 Python 3.11 或更新：请用 make PYTHON=… 指定'; exit 1; }
